import java.util.HashMap;
import java.util.Map;
import java.util.Scanner;

// "The" and "the" are counted apart.
public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in).useDelimiter("[^A-Za-z]+");
        Map<String, Integer> counts = new HashMap<>();
        while (in.hasNext()) {
            String word = in.next();
            if (!word.isEmpty()) {
                counts.put(word, counts.getOrDefault(word, 0) + 1);
            }
        }
        StringBuilder out = new StringBuilder();
        for (String word : counts.keySet()) {
            out.append(word + " " + counts.get(word) + "\n");
        }
        System.out.print(out);
    }
}
