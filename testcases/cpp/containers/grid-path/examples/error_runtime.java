import java.util.Scanner;

// The array of rows is declared and never made: NullPointerException.
public class Main {
    static String[] grid;

    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int rows = in.nextInt();
        int columns = in.nextInt();
        for (int r = 0; r < rows; r++) {
            grid[r] = in.next();
        }
        System.out.println(grid[0].indexOf("E") - grid[0].indexOf("S"));
    }
}
