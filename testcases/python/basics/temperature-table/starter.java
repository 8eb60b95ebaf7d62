import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;

public class Main {
    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        int count = Integer.parseInt(in.readLine().trim());
        for (int i = 0; i < count; i++) {
            String[] parts = in.readLine().split(" ");
            double temperature = Double.parseDouble(parts[0]);
            String scale = parts[1];
            // Convert the temperature to the other scale.
            System.out.println(temperature);
        }
    }
}
