import java.util.Scanner;

// An int ends at 2,147,483,647: the largest product wraps around and becomes another number.
public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int a = in.nextInt();
        String operator = in.next();
        int b = in.nextInt();
        boolean divides = operator.equals("/") || operator.equals("%");
        if (divides && b == 0) {
            System.out.println("division by zero");
        } else if (operator.equals("+")) {
            System.out.println(a + b);
        } else if (operator.equals("-")) {
            System.out.println(a - b);
        } else if (operator.equals("*")) {
            System.out.println(a * b);
        } else if (operator.equals("/")) {
            System.out.println(a / b);
        } else if (operator.equals("%")) {
            System.out.println(a % b);
        } else {
            System.out.println("unknown operator");
        }
    }
}
