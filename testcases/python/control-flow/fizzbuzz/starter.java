import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        int n = new Scanner(System.in).nextInt();
        StringBuilder out = new StringBuilder();
        for (int number = 1; number <= n; number++) {
            // Decide what to print for this number.
            out.append(number).append("\n");
        }
        System.out.print(out);
    }
}
