# Gumroad and SendGrid, against doubles that do as the vendors do.
nova_run(mail_gumroad mail_gumroad)
nova_run(mail_sendgrid mail_sendgrid)
nova_run(mail_bulk mail_bulk)
nova_run(mail_fleet mail_fleet)
