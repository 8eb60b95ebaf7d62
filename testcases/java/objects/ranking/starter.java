import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.List;

public class Main {
    static class Entry {
        final String name;
        final int points;

        Entry(String name, int points) {
            this.name = name;
            this.points = points;
        }
    }

    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        List<Entry> entries = new ArrayList<>();
        String line;
        while ((line = in.readLine()) != null) {
            String[] parts = line.split(" ");
            entries.add(new Entry(parts[0], Integer.parseInt(parts[1])));
        }

        // Sort the entries and give each its rank.
        StringBuilder out = new StringBuilder();
        for (Entry entry : entries) {
            out.append("0 ").append(entry.name).append(' ').append(entry.points).append('\n');
        }
        System.out.print(out);
    }
}
