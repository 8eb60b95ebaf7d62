import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.Arrays;

public class Main {
    static long gcd(long a, long b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    static long clamp(long x, long low, long high) {
        return Math.max(low, Math.min(x, high));
    }

    static String call(String name, String[] words) {
        if (name.equals("reverse")) {
            return new StringBuilder(words[1]).reverse().toString();
        }
        if (!Arrays.asList("add", "gcd", "clamp", "largest").contains(name)) {
            return "no function " + name;
        }
        long[] v = Arrays.stream(words).skip(1).mapToLong(Long::parseLong).toArray();
        switch (name) {
            case "add":
                return String.valueOf(v[0] + v[1]);
            case "gcd":
                return String.valueOf(gcd(v[0], v[1]));
            case "clamp":
                return String.valueOf(clamp(v[0], v[1], v[2]));
            default:
                return String.valueOf(Arrays.stream(v).max().getAsLong());
        }
    }

    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        StringBuilder out = new StringBuilder();
        String line;
        while ((line = in.readLine()) != null) {
            String[] words = line.trim().split(" ");
            out.append(call(words[0], words)).append('\n');
        }
        System.out.print(out);
    }
}
