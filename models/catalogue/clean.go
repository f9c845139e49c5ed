package catalogue

import "orrery/models"

// clean leaves out of restored slots the links that are not of the web: builds before took whatever a feed or a page said.
func (c *Catalogue) clean() {
	for item := uint32(1); int(item) <= c.items.Len(); item++ {
		_, url, image := texts(c.texts.Get(uint64(item)))
		if (len(url) == 0 || models.WebAddress(url)) && (len(image) == 0 || models.WebAddress(image)) {
			continue
		}
		f := c.known(item)
		f.url, f.image = address(f.url), address(f.image)
		c.texts.Set(uint64(item), f.append(nil, c.items.Name(item)))
	}
}
