# The scraper: its readers against other people's, and hostile pages.
nova_run(scrape_css scrape_css)
