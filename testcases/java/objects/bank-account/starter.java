import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;

public class Main {
    static class Account {
        private long balance;

        // Write deposit and withdraw here; let them refuse what must not be.
    }

    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        StringBuilder out = new StringBuilder();
        String line;
        while ((line = in.readLine()) != null) {
            String[] words = line.split(" ");
            // Look at words[0] and carry the command out.
            out.append("refused\n");
        }
        System.out.print(out);
    }
}
