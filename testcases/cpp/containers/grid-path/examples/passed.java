import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;

public class Main {
    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        String[] size = in.readLine().trim().split(" ");
        int rows = Integer.parseInt(size[0]);
        int columns = Integer.parseInt(size[1]);
        String[] grid = new String[rows];
        int[] steps = new int[rows * columns];
        Arrays.fill(steps, -1);
        Queue<Integer> queue = new ArrayDeque<>();
        for (int r = 0; r < rows; r++) {
            grid[r] = in.readLine();
            int start = grid[r].indexOf('S');
            if (start >= 0) {
                steps[r * columns + start] = 0;
                queue.add(r * columns + start);
            }
        }

        int[] down = {1, -1, 0, 0};
        int[] right = {0, 0, 1, -1};
        while (!queue.isEmpty()) {
            int cell = queue.remove();
            int r = cell / columns;
            int c = cell % columns;
            if (grid[r].charAt(c) == 'E') {
                System.out.println(steps[cell]);
                return;
            }
            for (int way = 0; way < 4; way++) {
                int y = r + down[way];
                int x = c + right[way];
                boolean inside = y >= 0 && y < rows && x >= 0 && x < columns;
                if (inside && grid[y].charAt(x) != '#' && steps[y * columns + x] < 0) {
                    steps[y * columns + x] = steps[cell] + 1;
                    queue.add(y * columns + x);
                }
            }
        }
        System.out.println("no way");
    }
}
