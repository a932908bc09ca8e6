package postgres

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// preferredAccounts are whom root runs the server as: the one that packages of PostgreSQL make, or the one without rights.
var preferredAccounts = []string{"postgres", "nobody"}

// account is who the server runs as. PostgreSQL refuses to run as root, so root has to drop to somebody.
type account struct {
	name     string
	uid, gid int
}

// chooseAccount returns nil when this process is not root: the server then runs as whoever runs this. Root drops to
// the owner of the data when there is some, else to postgres, else to nobody.
func chooseAccount(data string) (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // nil is "no change of user", as documented
	}
	if info, err := os.Stat(data); err == nil {
		if owner, ok := info.Sys().(*syscall.Stat_t); ok && owner.Uid != 0 {
			uid, gid := int(owner.Uid), int(owner.Gid)
			return &account{name: accountName(uid), uid: uid, gid: gid}, nil
		}
	}
	for _, name := range preferredAccounts {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return &account{name: name, uid: uid, gid: gid}, nil
		}
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor nobody to run it as")
}

func accountName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}

func (a *account) credential() *syscall.Credential {
	if a == nil {
		return nil
	}
	return &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
}

// own makes the account the owner of a file or directory.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	if err := os.Chown(path, a.uid, a.gid); err != nil {
		return fmt.Errorf("give %s to user %s: %w", path, a.name, err)
	}
	return nil
}

// reaches tells whether the account may pass through every directory down to path. What does not exist yet will be
// made passable by us and counts as such.
func (a *account) reaches(path string) bool {
	if a == nil {
		return true
	}
	for dir := resolveExisting(path); ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && info.IsDir() && !a.passes(info) {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

func (a *account) passes(info fs.FileInfo) bool {
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	switch {
	case int(owner.Uid) == a.uid:
		return info.Mode().Perm()&0o100 != 0
	case int(owner.Gid) == a.gid:
		return info.Mode().Perm()&0o010 != 0
	default:
		return info.Mode().Perm()&0o001 != 0
	}
}

// resolveExisting follows the symbolic links in the part of the path that exists.
func resolveExisting(path string) string {
	if resolved, err := filepath.EvalSymlinks(path); err == nil || path == filepath.Dir(path) {
		return resolved
	}
	return filepath.Join(resolveExisting(filepath.Dir(path)), filepath.Base(path))
}

// place returns the directory itself, made, when the account reaches it. Otherwise, and a clone below /root is such a
// case, it returns a directory of the same meaning below /var/tmp, named after the one that was asked for.
func (a *account) place(dir string) (string, error) {
	if !a.reaches(dir) {
		digest := sha256.Sum256([]byte(dir))
		root := filepath.Join(sharedTemp(), fmt.Sprintf("ordertrack-%x", digest[:6]))
		if err := makeOwn(root); err != nil {
			return "", err
		}
		dir = filepath.Join(root, filepath.Base(dir))
		if !a.reaches(dir) {
			return "", fmt.Errorf("user %s can reach neither the folder asked for nor %s", a.name, dir)
		}
	}
	if err := makePassable(dir); err != nil {
		return "", err
	}
	return dir, nil
}

// makePassable makes the directory and what is missing above it, passable for everyone whatever the umask. The data
// inside is closed by PostgreSQL itself.
func makePassable(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := makePassable(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make folder: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	return nil
}

func sharedTemp() string {
	const survivesReboot = "/var/tmp"
	if info, err := os.Stat(survivesReboot); err == nil && info.IsDir() {
		return survivesReboot
	}
	return os.TempDir()
}

// makeOwn makes a directory in a place everyone may write to, and refuses one that somebody else has put there.
func makeOwn(dir string) error {
	if err := os.Mkdir(dir, 0o755); err == nil {
		if err := os.Chmod(dir, 0o755); err != nil { // whatever the umask
			return fmt.Errorf("open folder: %w", err)
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make folder: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at folder: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(owner.Uid) != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s exists but is not a folder that belongs to us alone: remove it", dir)
	}
	return nil
}
