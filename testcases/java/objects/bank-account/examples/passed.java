import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.HashMap;
import java.util.Map;

public class Main {
    static class Account {
        private long balance;

        long balance() {
            return balance;
        }

        void deposit(long amount) {
            balance += amount;
        }

        boolean withdraw(long amount) {
            if (amount > balance) {
                return false;
            }
            balance -= amount;
            return true;
        }
    }

    static class Bank {
        private final Map<String, Account> accounts = new HashMap<>();

        boolean open(String name) {
            return accounts.putIfAbsent(name, new Account()) == null;
        }

        boolean deposit(String name, long amount) {
            Account account = accounts.get(name);
            if (account == null) {
                return false;
            }
            account.deposit(amount);
            return true;
        }

        boolean withdraw(String name, long amount) {
            Account account = accounts.get(name);
            return account != null && account.withdraw(amount);
        }

        boolean transfer(String from, String to, long amount) {
            return accounts.containsKey(to) && withdraw(from, amount) && deposit(to, amount);
        }

        String balance(String name) {
            Account account = accounts.get(name);
            return account == null ? "refused" : String.valueOf(account.balance());
        }
    }

    static String carryOut(Bank bank, String[] words) {
        boolean done;
        switch (words[0]) {
            case "open":
                done = bank.open(words[1]);
                break;
            case "deposit":
                done = bank.deposit(words[1], Long.parseLong(words[2]));
                break;
            case "withdraw":
                done = bank.withdraw(words[1], Long.parseLong(words[2]));
                break;
            case "transfer":
                done = bank.transfer(words[1], words[2], Long.parseLong(words[3]));
                break;
            default:
                return bank.balance(words[1]);
        }
        return done ? "ok" : "refused";
    }

    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        Bank bank = new Bank();
        StringBuilder out = new StringBuilder();
        String line;
        while ((line = in.readLine()) != null) {
            out.append(carryOut(bank, line.trim().split(" "))).append('\n');
        }
        System.out.print(out);
    }
}
