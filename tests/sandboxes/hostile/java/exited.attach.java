// No other machine of Java's can be named, and none attached to.
public class Main {
    public static void main(String[] args) throws Exception {
        long others = ProcessHandle.allProcesses().filter(one -> one.pid() != ProcessHandle.current().pid() && one.pid() != 1).count();
        boolean ended = ProcessHandle.of(1).map(one -> { try { return one.destroyForcibly(); } catch (RuntimeException e) { return false; } }).orElse(false);
        System.out.println(others == 0 ? "held" : "escaped " + others);
    }
}
