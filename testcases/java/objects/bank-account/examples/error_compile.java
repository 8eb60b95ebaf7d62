import java.util.Scanner;

// The balance is private and nobody but the account itself may touch it.
public class Main {
    public static void main(String[] args) {
        Account account = new Account();
        Scanner in = new Scanner(System.in);
        while (in.hasNext()) {
            account.balance += in.nextLong();
            System.out.println("ok");
        }
    }
}

class Account {
    private long balance;
}
