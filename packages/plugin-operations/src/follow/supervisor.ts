/** The exit code of the supervisor if the directory of the job does not exist on the worker. */
export const NOT_DELIVERED = 72;

/**
 * Runs a command in a directory until the command ends or standard input ends. Standard input ends when maand closes
 * it, and when the connection is lost. The program then stops the whole process group, first with TERM and two seconds
 * later with KILL, because ssh itself stops nothing on the worker. The output goes directly to the connection, so a
 * slow reader slows down the command.
 */
const PROGRAM = `
import os, signal, subprocess, sys, threading
directory, argv = sys.argv[1], sys.argv[2:]
try:
    os.chdir(directory)
except OSError:
    sys.exit(${NOT_DELIVERED})
try:
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True)
except OSError as error:
    print("%s: %s" % (argv[0], error.strerror), file=sys.stderr)
    sys.exit(127)
def send(number):
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        pass
def stop(*_):
    send(signal.SIGTERM)
    late = threading.Timer(2, send, [signal.SIGKILL])
    late.daemon = True
    late.start()
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, stop)
def watch():
    while os.read(0, 4096):
        pass
    stop()
threading.Thread(target=watch, daemon=True).start()
code = child.wait()
send(signal.SIGKILL)
os._exit(code if code >= 0 else 128 - code)
`;

/** The command line that runs `argv` in `directory` on a worker. */
export function supervised(directory: string, argv: readonly [string, ...string[]]): readonly [string, ...string[]] {
  return ["python3", "-c", PROGRAM, directory, ...argv];
}
