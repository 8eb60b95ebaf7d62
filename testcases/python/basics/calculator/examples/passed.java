import java.util.Scanner;

public class Main {
    static String calculate(long a, String operator, long b) {
        switch (operator) {
            case "+":
                return String.valueOf(a + b);
            case "-":
                return String.valueOf(a - b);
            case "*":
                return String.valueOf(a * b);
            case "/":
                return b == 0 ? "division by zero" : String.valueOf(a / b);
            case "%":
                return b == 0 ? "division by zero" : String.valueOf(a % b);
            default:
                return "unknown operator";
        }
    }

    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        long a = in.nextLong();
        String operator = in.next();
        long b = in.nextLong();
        System.out.println(calculate(a, operator, b));
    }
}
