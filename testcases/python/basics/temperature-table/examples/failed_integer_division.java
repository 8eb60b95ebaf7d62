import java.util.Scanner;

// 5 / 9 and 9 / 5 divide whole numbers: 0 and 1.
public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int count = Integer.parseInt(in.next());
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < count; i++) {
            double temperature = Double.parseDouble(in.next());
            String scale = in.next();
            double converted = scale.equals("C") ? 9 / 5 * temperature + 32 : 5 / 9 * (temperature - 32);
            out.append(converted).append("\n");
        }
        System.out.print(out);
    }
}
