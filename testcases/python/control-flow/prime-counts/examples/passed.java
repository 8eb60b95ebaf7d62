import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;

public class Main {
    static final int LIMIT = 1_000_000;

    public static void main(String[] args) throws IOException {
        boolean[] composite = new boolean[LIMIT + 1];
        int[] countUpTo = new int[LIMIT + 1];
        for (int i = 2; i <= LIMIT; i++) {
            countUpTo[i] = countUpTo[i - 1];
            if (!composite[i]) {
                countUpTo[i]++;
                for (long j = (long) i * i; j <= LIMIT; j += i) {
                    composite[(int) j] = true;
                }
            }
        }

        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        int questions = Integer.parseInt(in.readLine().trim());
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < questions; i++) {
            out.append(countUpTo[Integer.parseInt(in.readLine().trim())]).append('\n');
        }
        System.out.print(out);
    }
}
