import java.util.Scanner;

// The array ends at LIMIT - 1: ArrayIndexOutOfBoundsException before the first question is read.
public class Main {
    static final int LIMIT = 1_000_000;

    public static void main(String[] args) {
        boolean[] composite = new boolean[LIMIT];
        for (int i = 2; i <= LIMIT; i++) {
            if (!composite[i]) {
                for (long j = 2L * i; j < LIMIT; j += i) {
                    composite[(int) j] = true;
                }
            }
        }
        Scanner in = new Scanner(System.in);
        int questions = in.nextInt();
        for (int q = 0; q < questions; q++) {
            int x = in.nextInt();
            int count = 0;
            for (int i = 2; i <= x; i++) {
                count += composite[i] ? 0 : 1;
            }
            System.out.println(count);
        }
    }
}
