# The scraper: its readers against other people's, hostile pages, real servers, crawls.
nova_run(scrape_css scrape_css)
nova_run(scrape_pages scrape_pages)
