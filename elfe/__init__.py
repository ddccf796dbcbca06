"""elfe: places the flexibility of homes where the territory has energy to spare, and proves every order."""
