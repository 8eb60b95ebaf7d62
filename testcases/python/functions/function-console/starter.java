import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;

public class Main {
    static long add(long a, long b) {
        return a + b;
    }

    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        String line;
        while ((line = in.readLine()) != null) {
            String[] words = line.split(" ");
            if (words[0].equals("add")) {
                System.out.println(add(Long.parseLong(words[1]), Long.parseLong(words[2])));
            } else {
                System.out.println("no function " + words[0]);
            }
        }
    }
}
