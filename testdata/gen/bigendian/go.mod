module snapscope.invalid/testdata/bigendian

go 1.19
