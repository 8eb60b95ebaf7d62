import java.util.Scanner;

// An int is no String.
public class Main {
    public static void main(String[] args) {
        int n = new Scanner(System.in).nextInt();
        for (int i = 1; i <= n; i++) {
            String line = i % 15 == 0 ? "FizzBuzz" : i;
            System.out.println(line);
        }
    }
}
