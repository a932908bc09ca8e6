package trial

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Copy is a copy of the tree, in which guards are taken out and put back. The tree itself is never changed, not even by
// what a test leaves behind.
type Copy struct {
	root, dir string
}

// NewCopy copies the module at root, without folders whose names begin with a dot.
func NewCopy(root string) (*Copy, error) {
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the copy: %w", err)
	}
	c := &Copy{root: root, dir: dir}
	if err := filepath.WalkDir(root, c.take); err != nil {
		_ = c.Remove() // the first error tells more
		return nil, fmt.Errorf("copy the tree: %w", err)
	}
	return c, nil
}

func (c *Copy) take(path string, entry fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	name, err := filepath.Rel(c.root, path)
	switch {
	case err != nil:
		return err
	case entry.IsDir() && name != "." && strings.HasPrefix(entry.Name(), "."):
		return filepath.SkipDir
	case entry.IsDir():
		return os.MkdirAll(filepath.Join(c.dir, name), 0o755)
	case !entry.Type().IsRegular():
		return nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.dir, name), content, 0o644)
}

// Remove removes the copy.
func (c *Copy) Remove() error {
	if err := os.RemoveAll(c.dir); err != nil {
		return fmt.Errorf("remove the copy: %w", err)
	}
	return nil
}

// put writes texts into the copy.
func (c *Copy) put(texts map[string]string) error {
	for file, text := range texts {
		if err := os.WriteFile(filepath.Join(c.dir, filepath.FromSlash(file)), []byte(text), 0o644); err != nil {
			return fmt.Errorf("change the copy: %w", err)
		}
	}
	return nil
}

// originals are the texts that the same files have now.
func (c *Copy) originals(texts map[string]string) (map[string]string, error) {
	before := make(map[string]string, len(texts))
	for file := range texts {
		content, err := os.ReadFile(filepath.Join(c.dir, filepath.FromSlash(file)))
		if err != nil {
			return nil, fmt.Errorf("read the copy: %w", err)
		}
		before[file] = string(content)
	}
	return before, nil
}

// environ has the tests find the downloads that the tree has.
func (c *Copy) environ() []string {
	environ := os.Environ()
	if os.Getenv("LOCAL_CACHE") == "" {
		environ = append(environ, "LOCAL_CACHE="+filepath.Join(c.root, ".local", "cache"))
	}
	return environ
}
