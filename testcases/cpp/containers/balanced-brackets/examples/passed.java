import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayDeque;
import java.util.Deque;

public class Main {
    static int firstError(String line) {
        Deque<Character> expected = new ArrayDeque<>();
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            int kind = "([{".indexOf(c);
            if (kind >= 0) {
                expected.push(")]}".charAt(kind));
            } else if (")]}".indexOf(c) >= 0 && (expected.isEmpty() || expected.pop() != c)) {
                return i + 1;
            }
        }
        return expected.isEmpty() ? 0 : line.length() + 1;
    }

    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        StringBuilder out = new StringBuilder();
        String line;
        while ((line = in.readLine()) != null) {
            int position = firstError(line);
            out.append(position == 0 ? "balanced" : "error at " + position).append('\n');
        }
        System.out.print(out);
    }
}
