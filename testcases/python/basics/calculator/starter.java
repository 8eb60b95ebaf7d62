import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int left = in.nextInt();
        String operator = in.next();
        int right = in.nextInt();

        // Look at the operator and print the result.
        System.out.println(left);
    }
}
