package broker

import (
	"io/fs"
	"path/filepath"
	"syscall"
	"time"
)

// lookEvery is how often the data on disk are measured: what comes in between can pass the bound by that much.
const lookEvery = 2 * time.Second

// halfDisk returns half of what the disk of a folder can hold, no bound where that is not known.
func halfDisk(dir string) int64 {
	var s syscall.Statfs_t
	for { // the folder itself may be still to come
		err := syscall.Statfs(dir, &s)
		if err == nil && s.Blocks > 0 {
			return int64(s.Blocks) * int64(s.Bsize) / 2
		}
		up := filepath.Dir(dir)
		if err == nil || up == dir {
			return -1
		}
		dir = up
	}
}

// measure adds up the files. What vanishes meanwhile is not counted.
func (b *Broker) measure() {
	if b.cfg.Dir == "" {
		return
	}
	size := int64(0)
	filepath.WalkDir(b.cfg.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			size += info.Size()
		}
		return nil
	})
	b.size.Store(size)
}

// Size returns the bytes of data on disk, and how many there may be; the bound is negative where there is none.
func (b *Broker) Size() (bytes, most int64) { return b.size.Load(), b.cfg.MaxBytes }

// Full tells that the data have reached their bound, although everything that may be dropped has been.
func (b *Broker) Full() bool {
	size, most := b.Size()
	return most > 0 && size >= most
}

// crowded tells that it is time to drop what may be dropped.
func (b *Broker) crowded() bool {
	size, most := b.Size()
	return most > 0 && size >= most-most/10
}

// roomy is how far thin goes then: not for every segment anew.
func (b *Broker) roomy() int64 { return b.cfg.MaxBytes - b.cfg.MaxBytes/5 }
