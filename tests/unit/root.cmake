# What novasupd keeps over its own death.
nova_unit(test_image SOURCES test_image.c LINK nova_sup)
