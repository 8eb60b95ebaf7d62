import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

public class Main {
    static class Entry {
        private final String name;
        private final int points;

        Entry(String line) {
            String[] parts = line.trim().split(" ");
            name = parts[0];
            points = Integer.parseInt(parts[1]);
        }

        String name() {
            return name;
        }

        int points() {
            return points;
        }
    }

    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        List<Entry> entries = new ArrayList<>();
        String line;
        while ((line = in.readLine()) != null) {
            entries.add(new Entry(line));
        }
        entries.sort(Comparator.comparingInt(Entry::points).reversed().thenComparing(Entry::name));

        StringBuilder out = new StringBuilder();
        int rank = 0;
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            if (i == 0 || entry.points() != entries.get(i - 1).points()) {
                rank = i + 1;
            }
            out.append(rank).append(' ').append(entry.name()).append(' ').append(entry.points()).append('\n');
        }
        System.out.print(out);
    }
}
