package child

import (
	"os/exec"
	"syscall"
)

// together has the kernel end the process when the one that started it is gone, however that ended.
func together(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
