import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.*;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What programs tend to use: prepare.py and the resident compiler learn from it what compiling that takes. */
public class Warm {
    interface Shape {
        double area();
    }

    record Circle(double radius) implements Shape {
        public double area() {
            return Math.PI * radius * radius;
        }
    }

    enum Colour { RED, GREEN }

    static class Node<T extends Comparable<T>> {
        final T value;
        Node<T> left, right;

        Node(T value) {
            this.value = value;
        }
    }

    static int choose(Colour colour, String word) {
        switch (word) {
            case "a": return 1;
            default: return switch (colour) { case RED -> 2; case GREEN -> 3; };
        }
    }

    static <T> Optional<T> first(List<? extends T> items) {
        for (T item : items) return Optional.of(item);
        return Optional.empty();
    }

    public static void main(String[] arguments) throws IOException {
        Scanner scanner = new Scanner("7 x\n");
        long sum = scanner.nextInt() + scanner.next().length();
        BufferedReader reader = new BufferedReader(new InputStreamReader(System.in));
        List<String> words = new ArrayList<>();
        String line;
        while ((line = reader.readLine()) != null) {
            StringTokenizer tokens = new StringTokenizer(line);
            while (tokens.hasMoreTokens()) words.add(tokens.nextToken().trim());
        }
        Map<String, Integer> counts = new HashMap<>(), sorted = new TreeMap<>();
        for (String word : words) counts.merge(word, 1, Integer::sum);
        sorted.putAll(counts);
        Deque<int[]> queue = new ArrayDeque<>();
        queue.add(new int[] {1, 2});
        PriorityQueue<Long> heap = new PriorityQueue<>(Comparator.reverseOrder());
        heap.add(sum);
        Set<Character> signs = new HashSet<>();
        for (char sign : "text".toCharArray()) signs.add(sign);
        int[] numbers = IntStream.range(0, 9).map(n -> n * n % 7).toArray();
        Arrays.sort(numbers);
        String joined = words.stream().filter(w -> !w.isEmpty()).map(String::toUpperCase).sorted()
            .collect(Collectors.joining(", ", "[", "]"));
        Function<Integer, Integer> twice = n -> 2 * n;
        StringBuilder builder = new StringBuilder().append(joined).append(twice.apply(3)).append(1.5).append('c');
        System.out.println(builder.reverse());
        System.out.printf("%d %.3f %s %5s%n", sum, new Circle(2).area(), Colour.RED, first(words).orElse("none"));
        System.out.print(sorted + " " + Arrays.toString(numbers) + heap.poll() + signs.size() + queue.peek()[0]);
        System.out.println(choose(Colour.GREEN, "b") + Integer.parseInt("12") + Long.MAX_VALUE % 10 + Math.max(1, 2));
        try {
            Object[] items = {1, "two"};
            System.out.println(items[items.length]);
        } catch (ArrayIndexOutOfBoundsException | NullPointerException error) {
            System.err.println(error.getMessage());
        }
        Thread thread = new Thread(() -> System.out.println(new Node<>("n").value));
        thread.start();
    }
}
