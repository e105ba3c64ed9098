foreach(name IN ITEMS calls strategies halt resume reload moments)
	nova_run(tree_${name} tree_${name})
endforeach()
