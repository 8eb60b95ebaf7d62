import java.util.List;
import java.util.Scanner;

// List.of() gives a list that cannot be changed: UnsupportedOperationException.
public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        List<String> lines = List.of();
        while (in.hasNextLine()) {
            lines.add(in.nextLine());
        }
        for (int i = 0; i < lines.size(); i++) {
            System.out.println((i + 1) + " " + lines.get(i));
        }
    }
}
