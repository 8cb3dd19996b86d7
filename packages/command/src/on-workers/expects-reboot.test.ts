import { describe, expect, it } from "vitest";
import { expectsReboot } from "./expects-reboot.ts";

describe("the effect of a script on the machine", () => {
  it.each([
    "sudo shutdown -r now",
    "shutdown -r now",
    "/sbin/shutdown -r +1 'new kernel'",
    "sudo reboot",
    "reboot -f",
    "sudo -n -- /sbin/reboot",
    "sudo -u root reboot",
    "systemctl reboot",
    "sudo systemctl --no-block reboot",
    "systemctl kexec",
    "init 6",
    "apt-get -y upgrade && reboot",
    "apt-get update\napt-get -y upgrade\n\nsudo shutdown --reboot now\n",
    "sync; reboot",
    "if test -e /var/run/reboot-required; then reboot; fi",
    "test -e /var/run/reboot-required || exit 0; exec reboot",
    "nohup sh -c 'sleep 1; reboot' >/dev/null 2>&1 &",
    'bash -lc "reboot"',
    "(sleep 1; reboot) &",
    "{ reboot; }",
    "DEBIAN_FRONTEND=noninteractive reboot",
    "timeout 5 reboot",
    "sudo \\\n  reboot",
    "reboot # now",
    "poweroff; reboot",
    "nice -n 5 reboot",
  ])("%j: the machine restarts", (script) => expect(expectsReboot(script)).toBe("restart"));

  it.each([
    "sudo shutdown now",
    "shutdown -h now",
    "shutdown -P +0",
    "poweroff",
    "halt -p",
    "systemctl poweroff",
    "init 0",
    "reboot -p",
  ])("%j: the machine powers off", (script) => expect(expectsReboot(script)).toBe("off"));

  it.each([
    "",
    "uptime",
    "echo reboot",
    "grep reboot /var/log/syslog",
    "last -x shutdown",
    "shutdown -c",
    "sudo shutdown -k now",
    "systemctl restart docker",
    "systemctl status reboot.target",
    "cat /var/run/reboot-required",
    "# reboot\nuptime",
    "uptime # then reboot",
    "echo 'sudo reboot'",
    'echo "shutdown -r now"',
    "sh reboot.sh",
    "man reboot; reboot --help",
    "sudo echo reboot",
    "docker restart api",
  ])("%j: the machine keeps running", (script) => expect(expectsReboot(script)).toBeUndefined());

  it("is decided in linear time, even for a long script", () => {
    expect(expectsReboot(`${"'".repeat(20_001)}${"echo \\\\ ".repeat(50_000)}`)).toBeUndefined(); // takes seconds, not hours
  });
});
