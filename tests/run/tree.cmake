foreach(name IN ITEMS strategies halt)
	nova_run(tree_${name} tree_${name})
endforeach()
