import java.util.Scanner;

// Never asks whether there is another line: NoSuchElementException at the end.
public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        while (true) {
            String[] words = in.nextLine().split(" ");
            if (words[0].equals("add")) {
                System.out.println(Long.parseLong(words[1]) + Long.parseLong(words[2]));
            } else {
                System.out.println("no function " + words[0]);
            }
        }
    }
}
