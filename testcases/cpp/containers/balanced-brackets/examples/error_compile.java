import java.util.Scanner;

// A method without a return type, and a variable nobody declared.
public class Main {
    static firstError(String line) {
        return line.length();
    }

    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        while (in.hasNextLine()) {
            System.out.println("error at " + firstError(text));
        }
    }
}
