import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;

public class Main {
    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        int questions = Integer.parseInt(in.readLine().trim());
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < questions; i++) {
            int x = Integer.parseInt(in.readLine().trim());
            // How many primes are at most x?
            out.append(x).append("\n");
        }
        System.out.print(out);
    }
}
