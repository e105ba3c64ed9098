# The scraper: its readers against other people's, hostile pages, real servers, crawls.
add_executable(scrape_ask scrape_ask.c)
set_target_properties(scrape_ask PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(scrape_ask PRIVATE nova_flags nova_scrape)
foreach(name IN ITEMS css oracles pages crawl hostile)
	nova_run(scrape_${name} scrape_${name})
endforeach()
