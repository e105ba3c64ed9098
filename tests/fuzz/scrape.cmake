# The scraper's readers of what strangers write.
nova_fuzz(fuzz_scrape_css SOURCES fuzz_scrape_css.c LINK nova_scrape_text
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_scrape_css)
nova_fuzz(fuzz_scrape_text SOURCES fuzz_scrape_text.c LINK nova_scrape
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_scrape_text)
nova_fuzz(fuzz_scrape_page SOURCES fuzz_scrape_page.c LINK nova_scrape_page
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_scrape_page)
