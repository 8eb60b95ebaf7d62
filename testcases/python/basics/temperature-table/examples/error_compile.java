import java.util.Scanner;

// A double does not fit into an int without being told so.
public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int count = in.nextInt();
        for (int i = 0; i < count; i++) {
            int temperature = Double.parseDouble(in.next());
            String scale = in.next();
            System.out.println(scale.equals("C") ? temperature * 1.8 + 32 : (temperature - 32) / 1.8);
        }
    }
}
