import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.Locale;

public class Main {
    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        int count = Integer.parseInt(in.readLine().trim());
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < count; i++) {
            String[] parts = in.readLine().trim().split(" ");
            double temperature = Double.parseDouble(parts[0]);
            double converted = parts[1].equals("C") ? temperature * 9 / 5 + 32 : (temperature - 32) * 5 / 9;
            out.append(String.format(Locale.ROOT, "%.6f%n", converted));
        }
        System.out.print(out);
    }
}
