foreach(name IN ITEMS strategies halt resume)
	nova_run(tree_${name} tree_${name})
endforeach()
