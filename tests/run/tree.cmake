foreach(name IN ITEMS calls strategies halt resume reload)
	nova_run(tree_${name} tree_${name})
endforeach()
