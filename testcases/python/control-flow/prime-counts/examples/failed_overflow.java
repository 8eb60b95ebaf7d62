import java.util.Scanner;

// i * i leaves the range of an int; the catch block hides that from its author, not from the tests.
public class Main {
    static final int LIMIT = 1_000_000;

    public static void main(String[] args) {
        boolean[] composite = new boolean[LIMIT + 1];
        int[] countUpTo = new int[LIMIT + 1];
        try {
            for (int i = 2; i <= LIMIT; i++) {
                countUpTo[i] = countUpTo[i - 1];
                if (!composite[i]) {
                    countUpTo[i]++;
                    for (int j = i * i; j <= LIMIT; j += i) {
                        composite[j] = true;
                    }
                }
            }
        } catch (ArrayIndexOutOfBoundsException ignored) {
            System.err.println("never mind");
        }
        Scanner in = new Scanner(System.in);
        int questions = in.nextInt();
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < questions; i++) {
            out.append(countUpTo[in.nextInt()]).append('\n');
        }
        System.out.print(out);
    }
}
