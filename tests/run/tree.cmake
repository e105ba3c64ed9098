foreach(name IN ITEMS calls strategies halt resume)
	nova_run(tree_${name} tree_${name})
endforeach()
