import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;

// Collections is imported from nowhere, and entries have no order of their own that it could sort by.
public class Main {
    static class Entry {
        String name;
        int points;
    }

    public static void main(String[] args) {
        List<Entry> entries = new ArrayList<>();
        Scanner in = new Scanner(System.in);
        while (in.hasNext()) {
            Entry entry = new Entry();
            entry.name = in.next();
            entry.points = in.nextInt();
            entries.add(entry);
        }
        Collections.sort(entries);
        System.out.println(entries.size());
    }
}
