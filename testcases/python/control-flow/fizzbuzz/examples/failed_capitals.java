import java.util.Scanner;

// "Fizzbuzz" is not "FizzBuzz".
public class Main {
    public static void main(String[] args) {
        int n = new Scanner(System.in).nextInt();
        StringBuilder out = new StringBuilder();
        for (int i = 1; i <= n; i++) {
            String line = i % 15 == 0 ? "Fizzbuzz" : i % 3 == 0 ? "Fizz" : i % 5 == 0 ? "Buzz" : String.valueOf(i);
            out.append(line).append('\n');
        }
        System.out.print(out);
    }
}
