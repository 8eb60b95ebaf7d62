import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        StringBuilder out = new StringBuilder();
        // Cut the text into words, count them, and print one line for each.
        while (in.hasNext()) {
            out.append(in.next()).append(" 1\n");
        }
        System.out.print(out);
    }
}
