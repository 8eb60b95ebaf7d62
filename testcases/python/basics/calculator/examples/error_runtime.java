import java.util.Scanner;

// The whole line is no number: parseInt throws NumberFormatException.
public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int a = Integer.parseInt(in.nextLine());
        String operator = in.nextLine();
        int b = Integer.parseInt(in.nextLine());
        if (operator.equals("+")) {
            System.out.println(a + b);
        }
    }
}
