package sigv4

// Secret returns what a test looks for where it must not be.
func (k Key) Secret() []byte { return k.secret[:] }
